
import papermill
def execute(name, number, given=None):
    papermill.execute_notebook(f"{name}.ipynb", f"out-{number}.ipynb", given, progress_bar=False)
