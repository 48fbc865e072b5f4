"""What a new version is stored as."""

from service.allocations.versions.domain.canonical import digest
from service.allocations.versions.domain.content import Content, Parent
from service.plans.domain import VersionContent


def version_content(content: Content, parent: Parent | None, note: str | None) -> VersionContent:
    """A row of versions: the manifest with its parent, and what readers ask a row for."""
    manifest = content.manifest(parent)
    facts = content.facts
    return VersionContent(
        inputs_hash=facts["inputs"],
        hash=digest(manifest),
        parent_hash=parent.hash if parent else None,
        base_version=parent.number if parent else None,
        policy=facts["policy"],
        engine=facts["engine"],
        assigned=facts["assigned"],
        fairness=facts["fairness"],
        manifest=manifest,
        note=note,
    )
