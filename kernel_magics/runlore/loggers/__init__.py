"""Metrics that user code gives to another library: they land in the open run too.

MLflow, TensorBoard and the training loops of Lightning, Hugging Face and Keras are listened to by themselves.
``runlore.loggers.lightning``, ``.transformers`` and ``.keras`` hold what one may pass to these loops instead; they
import their library, nothing else here does.
"""
