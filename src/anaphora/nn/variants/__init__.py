"""Recurrent layers that torch.nn does not have."""
