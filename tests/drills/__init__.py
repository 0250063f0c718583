"""Long drills on real processes, disks and databases; ``make drills`` runs them and writes what they found."""
