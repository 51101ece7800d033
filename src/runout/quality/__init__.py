"""What a feed shows of what happened, and the checks that say whether its figures can be believed."""

from runout.quality.audit import Tables, audit
from runout.quality.audit_findings import SEVERITIES, AuditFinding, Severity

__all__ = ["SEVERITIES", "AuditFinding", "Severity", "Tables", "audit"]
