"""What people do with sequences: a folder per task, `task.py` without torch and `model.py` with it; no task imports
another.
"""
