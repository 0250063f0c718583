"""What measures and evaluation share: Block, Measured, Criterion, HardLimit, membership, evidence."""
