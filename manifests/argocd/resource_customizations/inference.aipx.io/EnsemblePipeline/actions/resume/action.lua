-- Generated from InferenceModel/actions/resume/action.lua by `make generate`. Do not edit.
-- Take back the pause of this canary, or else the roll-back.
local status = obj.status or {}
local annotations = obj.metadata.annotations or {}
local pause, rollback = "inference.aipx.io/pause", "inference.aipx.io/rollback"
if status.canary ~= nil and annotations[pause] == status.canary.revision then
  annotations[pause] = nil
elseif annotations[rollback] ~= nil then
  annotations[rollback] = nil
  -- A command to the first run of the revision would count again.
  annotations["inference.aipx.io/promote"] = nil
else
  error("no annotation pauses the rollout or rolls it back; spec.rollout.paused can only be changed in Git", 0)
end
-- Argo CD takes an empty table for a list, and would keep all annotations.
if next(annotations) == nil then
  annotations = nil
end
obj.metadata.annotations = annotations
return obj
