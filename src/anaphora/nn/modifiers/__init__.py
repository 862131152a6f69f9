"""Functions that change how a recurrent module walks: zoneout, dropout, clipping, learned states."""
