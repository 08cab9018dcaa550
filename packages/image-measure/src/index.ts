export type { ByteSource } from "./byte-source.ts";
export { IMAGE_ERROR_CODES, type ImageError, type ImageErrorCode } from "./image-error.ts";
export { type ImageMeasurement, measureDiskImage, type MeasureImageOptions, measureUkiImage } from "./measure-image.ts";
export { NODE_PARTITIONS } from "./node-disk.ts";
