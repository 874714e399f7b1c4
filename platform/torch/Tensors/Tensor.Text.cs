using System.Globalization;
using System.Text;

namespace TorchSharp;

/// <summary>How much of a tensor its text shows.</summary>
public enum TensorStringStyle
{
    /// <summary>Shape, type and device alone.</summary>
    Metadata,
    /// <summary>Metadata, then the elements.</summary>
    Julia,
    /// <summary>The elements alone.</summary>
    Numpy,
    /// <summary>Metadata, then the elements.</summary>
    CSharp,
    /// <summary>Metadata, then the elements.</summary>
    Default,
}

public static partial class torch
{
    // A tensor as text.
    public partial class Tensor
    {
        private const int MostElements = 1000;

        /// <summary>Shape, type and device: <c>[2x3], type = Float32, device = cpu</c>.</summary>
        public override string ToString() => ToString(TensorStringStyle.Metadata);

        /// <summary>In the style asked for; every style but metadata adds the elements, nested in brackets, the first of them where there are many.</summary>
        public string ToString(TensorStringStyle style, string? fltFormat = null)
        {
            if (IsInvalid) return "[disposed]";
            var head = new StringBuilder().Append('[').AppendJoin('x', shape).Append("], type = ").Append(dtype).Append(", device = ").Append(device).ToString();
            if (style == TensorStringStyle.Metadata) return head;
            using var scope = NewDisposeScope();
            var text = new StringBuilder();
            var values = detach().cpu().to(ScalarType.Float64).contiguous().flatten();
            var shown = values.narrow(0, 0, Math.Min(values.NumberOfElements, MostElements)).data<double>().ToArray();
            var position = 0;
            Append(text, shape, 0, shown, ref position, fltFormat ?? (is_floating_point() ? "G5" : "G"));
            return style == TensorStringStyle.Numpy ? text.ToString() : $"{head} {text}";
        }

        /// <summary>Metadata, followed by the elements where asked for.</summary>
        public string ToString(bool withData, string? fltFormat = null) => ToString(withData ? TensorStringStyle.Default : TensorStringStyle.Metadata, fltFormat);

        /// <summary>Metadata and elements, in the number format given.</summary>
        public string str(string? fltFormat = null) => ToString(TensorStringStyle.Default, fltFormat);

        private static void Append(StringBuilder text, long[] shape, int dimension, double[] values, ref int position, string format)
        {
            if (dimension == shape.Length)
            {
                text.Append(values[position++].ToString(format, CultureInfo.InvariantCulture));
                return;
            }

            text.Append('[');
            for (var i = 0L; i < shape[dimension]; i++)
            {
                if (i > 0) text.Append(", ");
                if (position == values.Length && !shape.Contains(0))
                {
                    text.Append("...");
                    break;
                }

                Append(text, shape, dimension + 1, values, ref position, format);
            }

            text.Append(']');
        }
    }
}
