package ca.chimefrb.workflow.results;

/** What happened to a result that is watched. */
public enum ChangeKind {
  /** Nothing: it is part of the snapshot. */
  EXISTING,
  /** It was deposited. */
  DEPOSITED,
  /** It was changed by an update. */
  UPDATED,
  /** It was locked, or had been locked before. */
  LOCKED,
  /** It was unlocked, or had been unlocked before. */
  UNLOCKED,
  /** It was deleted. */
  DELETED,
  /** An administrator changed it in MongoDB. */
  CHANGED,
  /** It was changed, and does not match the query now; or it was deleted since. */
  UNMATCHED,
  /** Its pipeline was dropped, with all results that may have been in it. There is no id. */
  DROPPED,
  /** All of the snapshot has come. There is no pipeline and no id. */
  SNAPSHOT_COMPLETE
}
