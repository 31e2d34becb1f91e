"""Many reruns of one run over a space of its parameters, proposed by Optuna and carried out by the queue."""
