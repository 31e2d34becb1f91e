declare module 'plotly.js-gl2d-dist-min' {
  const plotly: import('./plotly').IPlotly;
  export default plotly;
}
