"""Chat models at the edge: finding them, pricing them, calling them with a meter running."""
