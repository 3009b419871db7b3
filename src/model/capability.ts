/** `domain:skill`, at most 128 characters; a skill may have further parts: `net:sip:trunk`. */
export const CAPABILITY_PATTERN = /^(?=.{3,128}$)[A-Za-z0-9][A-Za-z0-9._-]*(?::[A-Za-z0-9][A-Za-z0-9._-]*)+$/
