// The workflows of the bench: hale's own, and the plain one it is held against.
export { healingCycle } from '../../../workflows/healing-cycle.js';
export { plainCycle } from './plain-cycle.js';
