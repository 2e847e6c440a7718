// Times come in UTC and are shown in the reader's own zone; without scripts they stay as they are and say so.
for (const time of document.querySelectorAll("time")) {
  const instant = new Date(time.dateTime);
  time.title = instant.toString();
  time.textContent = instant.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
