-- Generated from InferenceModel/actions/abort/action.lua by `make generate`. Do not edit.
-- Send all clients back to the stable revision. The value names the canary: another one is not aborted.
local canary = obj.status and obj.status.canary
if canary == nil or obj.status.stable == nil then
  error("no canary runs beside a stable revision, so there is nothing to abort", 0)
end
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["inference.aipx.io/abort"] = canary.revision
return obj
