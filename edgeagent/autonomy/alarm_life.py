"""The life of one alarm: it comes, changes, goes, comes again, chatters, and leaves its shelf. Pure."""

from dataclasses import replace

from edgeagent.model.alarm import Alarm, Word, rank
from edgeagent.model.decision import AlarmWanted

RETELL_S = 60.0
"""Another text or parent alone is recorded no more often, and a lower severity must have lasted so long."""
CHATTER_RAISES = 4
CHATTER_S = 600.0
"""So many raises within so long are chatter."""
QUIET_S = 300.0
"""A chattering alarm stands until its condition was away for so long."""

Turned = tuple[Alarm, Word | None]
"""An alarm after one look, and what happened to it, if anything."""


def begun(want: AlarmWanted, now_s: float) -> Alarm:
    """An alarm that was not in the list."""
    return Alarm(want.key, want.severity, want.text, want.parent, want.cause, now_s, now_s, raises_s=(now_s,))


def turned(alarm: Alarm, want: AlarmWanted | None, now_s: float) -> Turned:
    """The alarm after its condition was seen to hold, or not to."""
    if want is None:
        return _gone(alarm, now_s) if alarm.stands else (alarm, None)
    return _holds(alarm, want, now_s) if alarm.stands else _again(alarm, want, now_s)


def _holds(alarm: Alarm, want: AlarmWanted, now_s: float) -> Turned:
    if alarm.quiet_s is not None:
        alarm = replace(alarm, quiet_s=None, times=alarm.times + 1)
    if want.parent != alarm.parent:
        alarm = replace(alarm, parent=want.parent, untold=True)
    worse_by = rank(alarm.severity) - rank(want.severity)
    if worse_by > 0:
        return replace(_told(alarm, want, now_s), acknowledged=None), "changed"
    eased_s = None if worse_by == 0 else now_s if alarm.eased_s is None else alarm.eased_s
    if eased_s != alarm.eased_s:
        alarm = replace(alarm, eased_s=eased_s)
    if eased_s is not None and now_s - eased_s >= RETELL_S:
        return _told(alarm, want, now_s), "changed"
    return _retold(alarm, want, now_s)


def _told(alarm: Alarm, want: AlarmWanted, now_s: float) -> Alarm:
    """It is as it is wanted, and that is recorded."""
    return replace(
        alarm,
        severity=want.severity,
        text=want.text,
        parent=want.parent,
        cause=want.cause,
        eased_s=None,
        untold=False,
        told_s=now_s,
    )


def _retold(alarm: Alarm, want: AlarmWanted, now_s: float) -> Turned:
    """Another text counts only when it has been long enough since the last."""
    is_other = alarm.untold or (want.text, want.cause) != (alarm.text, alarm.cause)
    if not is_other or now_s - alarm.told_s < RETELL_S:
        return alarm, None
    return replace(alarm, text=want.text, cause=want.cause, untold=False, told_s=now_s), "changed"


def _again(alarm: Alarm, want: AlarmWanted, now_s: float) -> Turned:
    """It was in the list, and comes again: nobody has seen to this time yet."""
    recent = tuple(one for one in (*alarm.raises_s, now_s) if now_s - one <= CHATTER_S)[-CHATTER_RAISES:]
    chatters = len(recent) >= CHATTER_RAISES
    alarm = replace(
        _told(alarm, want, now_s),
        raised_s=now_s,
        cleared_s=None,
        acknowledged=None,
        times=alarm.times + 1,
        chattering=chatters,
        raises_s=recent,
    )
    return alarm, "chattering" if chatters else "raised"


def _gone(alarm: Alarm, now_s: float) -> Turned:
    if not alarm.chattering:
        return replace(alarm, cleared_s=now_s, eased_s=None), "cleared"
    quiet_s = now_s if alarm.quiet_s is None else alarm.quiet_s
    if now_s - quiet_s < QUIET_S:
        return (alarm if alarm.quiet_s == quiet_s else replace(alarm, quiet_s=quiet_s)), None
    return replace(alarm, cleared_s=now_s, chattering=False, quiet_s=None, eased_s=None, raises_s=()), "cleared"
