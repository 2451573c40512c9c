/**
 * `hale/testing`: the rules that every correction is held to, for corrections of your own. docs/plug-ins.md tells how.
 */
export { holdsPlugInContract, plugInBench, type PlugInAction, type PlugInTarget } from './plug-in.contract.js';
export { type Arrange, type Bench, holdsProviderContract, type Without } from './provider.contract.js';
