-- Generated from InferenceModel/actions/resume/action.lua by `make generate`. Do not edit.
-- Take back what holds the rollout: the pause, or the roll-back.
local status = obj.status or {}
local annotations = obj.metadata.annotations or {}
local pause, rollback = "inference.aipx.io/pause", "inference.aipx.io/rollback"
local reason = nil
for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "Ready" then
    reason = condition.reason
  end
end
local canary = status.canary and status.canary.revision
local is_waiting = canary == nil and reason == "Paused"
if annotations[pause] ~= nil and (annotations[pause] == canary or is_waiting) then
  annotations[pause] = nil
elseif annotations[rollback] ~= nil and reason == "RolledBack" then
  annotations[rollback] = nil
else
  error("no annotation pauses the rollout or rolls it back; spec.rollout.paused can only be changed in Git", 0)
end
-- Argo CD takes an empty table for a list, and would keep all annotations.
if next(annotations) == nil then
  annotations = nil
end
obj.metadata.annotations = annotations
return obj
