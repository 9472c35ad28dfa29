"""The recorded history, undo, and removing the erased from the history."""
