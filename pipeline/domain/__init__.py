"""Frozen types and pure judgements: offences, tracks, sightings, rules, findings, incidents, cases, manifests."""
