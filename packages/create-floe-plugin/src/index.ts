export {
  isPluginKind,
  PLUGIN_KINDS,
  type PluginKind,
  type PluginNames,
  pluginNames,
} from "./plugin-names.ts";
export { type PluginProject, pluginProject } from "./plugin-project.ts";
export { writeProject } from "./write-project.ts";
