"""The review console: pages for officers who judge drafts, served on this machine only."""
