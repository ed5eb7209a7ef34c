-- The health of an InferenceModel or EnsemblePipeline, from the conditions that the operator reports.
-- Argo CD gives this script no library for texts. An error here would make the whole application Unknown.
local status = obj.status or {}
if status.observedGeneration == nil or status.observedGeneration < obj.metadata.generation then
  return {status = "Progressing", message = "the operator has not read this generation yet"}
end

local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  if condition.type ~= nil then
    conditions[condition.type] = condition
  end
end

local function is(kind, value)
  return conditions[kind] ~= nil and conditions[kind].status == value
end

local function message_of(kind)
  return conditions[kind].message or ""
end

-- Only a person can help.
if is("Stalled", "True") then
  local reason = conditions.Stalled.reason or "Stalled"
  return {status = "Degraded", message = reason .. ": " .. message_of("Stalled")}
end
if is("Ready", "True") then
  return {status = "Healthy", message = message_of("Ready")}
end

local is_held = false
if is("Reconciling", "True") then
  local reason = conditions.Reconciling.reason
  is_held = reason == "Paused" or reason == "Frozen" or reason == "RolledBack" or reason == "AnalysisUnavailable"
    or reason == "HoldTimedOut"
end

-- While a rollout goes on, pods that do not answer yet are normal. While it is held, nothing else will help.
if is("Available", "False") and (is_held or status.phase == "Failed") then
  return {status = "Degraded", message = message_of("Available")}
end
if is_held then
  return {status = "Suspended", message = message_of("Reconciling")}
end
if conditions.Ready ~= nil then
  return {status = "Progressing", message = message_of("Ready")}
end
return {status = "Progressing", message = ""}
