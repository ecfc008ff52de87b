export * as ns from 'tutti';
export * from './settings.js';
