"""thidua: from offices' exports to a published ranking of an emulation campaign (phong trào thi đua)."""
