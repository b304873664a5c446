"""What people read on a terminal: rankings, explanations, who sent what. They read the published marts, nothing else."""
