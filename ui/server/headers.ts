/**
 * Security headers. Pictures may hold style attributes (`style-src 'unsafe-inline'`) and stand under
 * data and blob addresses; nothing needs `eval`. In development Vite's own client comes as an inline
 * script.
 */
import type { RequestHandler } from 'express'

export function securityHeaders(dev: boolean): RequestHandler {
  const policy = [
    "default-src 'self'",
    `script-src 'self'${dev ? " 'unsafe-inline'" : ''}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
  return (_request, response, next) => {
    response.set({
      'Content-Security-Policy': policy,
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Cross-Origin-Opener-Policy': 'same-origin',
    })
    next()
  }
}
