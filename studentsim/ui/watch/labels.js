// Centres of the labels at the lines' ends, without overlaps and within the axis, and the factor by which the labels must shrink.
// The same algorithm as charts/labels.py, which explains it; tests/test_browser_labels.py compares the two.

function spread(wanted, heights, low, high) {
  const whole = heights.reduce((sum, height) => sum + height, 0);
  const shrink = whole > 0 ? Math.min(1, (high - low) / whole) : 1;
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b]);
  const pools = [];
  const stacked = [];
  let end = 0;
  for (const i of order) {
    const tall = heights[i] * shrink;
    stacked.push(end + tall / 2);
    end += tall;
    pools.push([wanted[i] - stacked.at(-1), 1]);
    while (pools.length > 1 && pools.at(-2)[0] > pools.at(-1)[0]) {
      const [[a, n], [b, m]] = pools.splice(-2);
      pools.push([(a * n + b * m) / (n + m), n + m]);
    }
  }
  const most = Math.max(low, high - whole * shrink);
  const above = pools.flatMap(([mean, count]) => Array(count).fill(Math.min(Math.max(mean, low), most)));
  const centres = Array(wanted.length);
  order.forEach((i, at) => (centres[i] = stacked[at] + above[at]));
  return [centres, shrink];
}
