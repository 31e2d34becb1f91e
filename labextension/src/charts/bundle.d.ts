declare module 'plotly.js-basic-dist-min' {
  const plotly: import('./plotly').IPlotly;
  export default plotly;
}
