"""Sign-ins on pages: a browser holds a secret made for it, the database the digest of that and the key it stands for.

They are no part of a backup: after a restore everybody signs in again.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DateTime, ForeignKey, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from layers.catalogue.base import Base


class SignIn(Base):
    """One browser that is signed in."""

    __tablename__ = "sign_ins"
    digest: Mapped[bytes] = mapped_column(
        LargeBinary, primary_key=True, comment="SHA-256 of what the browser holds (256 random bits)"
    )
    key_id: Mapped[str] = mapped_column(
        ForeignKey("api_keys.key_id", ondelete="CASCADE"), index=True, comment="Public half of the key"
    )
    begun_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), comment="First moment it is not good")
    __table_args__ = ({"comment": "Browsers that are signed in with a staff key"},)
