-- Start the aborted revision again, once: the value names the abort by its time.
local aborted = obj.status and obj.status.rollout and obj.status.rollout.aborted
if aborted == nil or obj.status.canary ~= nil then
  error("no rollout is aborted, so there is nothing to retry", 0)
end
local annotations = obj.metadata.annotations or {}
-- Commands to the run that ended would count again for the next run of the same revision.
annotations["inference.aipx.io/abort"] = nil
annotations["inference.aipx.io/pause"] = nil
annotations["inference.aipx.io/promote"] = nil
annotations["inference.aipx.io/retry"] = aborted.revision .. "@" .. aborted.time
obj.metadata.annotations = annotations
return obj
