import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import './page.css';
import { Page } from './page.js';

const container = document.getElementById('page');
if (container) render(<Page />, container);
