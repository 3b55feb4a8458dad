/** The formats of pictures, apart from what writes them, so that a page can name them without it. */
export const PICTURE_FORMATS = ['svg', 'pdf', 'png', 'tex'] as const
export type PictureFormat = (typeof PICTURE_FORMATS)[number]
