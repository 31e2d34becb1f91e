/** Whether every word of what the user looks for, separated by blanks, occurs in a text, whatever its case. */
export function wordMatcher(sought: string): (text: string) => boolean {
  const words = sought.toLowerCase().split(/\s+/).filter(Boolean);
  return text => {
    const lower = words.length > 0 ? text.toLowerCase() : '';
    return words.every(word => lower.includes(word));
  };
}
