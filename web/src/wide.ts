/** Bars as wide as the candles they are totals of. */

import type { CanvasRenderingTarget2D } from "fancy-canvas";
import {
  customSeriesDefaultOptions, type CustomData, type CustomSeriesOptions, type CustomSeriesPricePlotValues, type CustomSeriesWhitespaceData,
  type ICustomSeriesPaneRenderer, type ICustomSeriesPaneView, type PaneRendererCustomData, type PriceToCoordinateConverter, type Time,
} from "lightweight-charts";

interface Wide extends CustomData<Time> { value?: number; slots?: number }

export class WideBars implements ICustomSeriesPaneView<Time, Wide, CustomSeriesOptions>, ICustomSeriesPaneRenderer {
  private drawn: PaneRendererCustomData<Time, Wide> | null = null;
  private colour = "";

  renderer(): ICustomSeriesPaneRenderer {
    return this;
  }
  update(drawn: PaneRendererCustomData<Time, Wide>, options: CustomSeriesOptions): void {
    this.drawn = drawn;
    this.colour = options.color;
  }
  priceValueBuilder(bar: Wide): CustomSeriesPricePlotValues {
    return [0, bar.value ?? 0];
  }
  isWhitespace(bar: Wide | CustomSeriesWhitespaceData<Time>): bar is CustomSeriesWhitespaceData<Time> {
    return (bar as Wide).value === undefined;
  }
  defaultOptions(): CustomSeriesOptions {
    return customSeriesDefaultOptions;
  }

  draw(target: CanvasRenderingTarget2D, y: PriceToCoordinateConverter): void {
    const drawn = this.drawn, zero = y(0);
    if (!drawn || zero === null) return;
    target.useBitmapCoordinateSpace(({ context, horizontalPixelRatio: across, verticalPixelRatio: down }) => {
      context.fillStyle = this.colour;
      for (const { x, originalData } of drawn.bars) {
        const top = originalData.value ? y(originalData.value) : null;
        if (top === null) continue;
        const left = Math.round((x - drawn.barSpacing / 2) * across), right = Math.round((x + ((originalData.slots ?? 1) - 0.5) * drawn.barSpacing) * across);
        const from = Math.min(zero, top) * down;
        context.fillRect(left, from, Math.max(right - left - across, 1), Math.max(Math.abs(zero - top) * down, 1));
      }
    });
  }
}
