export function writeBackActivities() {
  return {};
}
