-- Generated from InferenceModel/actions/pause/action.lua by `make generate`. Do not edit.
-- Hold the canary at its step for as long as the annotation is there.
local canary = obj.status and obj.status.canary
if canary == nil or obj.status.stable == nil then
  error("no canary runs beside a stable revision, so there is nothing to pause", 0)
end
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["inference.aipx.io/pause"] = canary.revision
return obj
