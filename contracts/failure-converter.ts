import { DefaultFailureConverter } from '@temporalio/common';

/** Puts messages and stack traces of failures into a payload, so that they are sealed as everything else is. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
