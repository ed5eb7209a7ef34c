-- Start the aborted revision again, once: the value names the abort by its time.
local aborted = obj.status and obj.status.rollout and obj.status.rollout.aborted
if aborted == nil or obj.status.canary ~= nil then
  error("no rollout is aborted, so there is nothing to retry", 0)
end
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["inference.aipx.io/retry"] = aborted.revision .. "@" .. aborted.time
return obj
