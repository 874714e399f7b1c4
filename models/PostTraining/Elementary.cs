namespace ActorTrain.Models.PostTraining;

/// <summary>Exponential and logarithm from additions, multiplications and divisions in a fixed order, so that losses and advantages have
/// the same bits on every machine: those of the C library depend on its version and on the processor. Errors are a few units in the last
/// place.</summary>
public static class Elementary
{
    // ln 2 in two parts; the first has so few digits that its multiples by an exponent are exact.
    private const double Ln2High = 0.693147180369123816490;
    private const double Ln2Low = 1.90821492927058770002e-10;

    // 1/n! up to 1/13!, and 1/(2n + 1) up to 1/23: the next term is below half a unit in the last place of the sum.
    private static readonly double[] Factorials = [.. Enumerable.Range(0, 14).Select(static n =>
        1 / Enumerable.Range(1, n).Aggregate(1.0, static (product, factor) => product * factor))];

    private static readonly double[] OddReciprocals = [.. Enumerable.Range(0, 12).Select(static n => 1.0 / (2 * n + 1))];

    /// <summary>e^x = 2^k · e^r with |r| ≤ ½ ln 2, by the Taylor series of e^r.</summary>
    public static double Exp(double x)
    {
        if (double.IsNaN(x))
            return x;
        if (x > 710)
            return double.PositiveInfinity;
        if (x < -746)
            return 0;
        var k = (int)Math.Round(x / (Ln2High + Ln2Low));
        return Math.ScaleB(Polynomial(Factorials, x - k * Ln2High - k * Ln2Low), k);
    }

    /// <summary>ln x = k ln 2 + ln m with m in [√½, √2), by ln m = 2 artanh f, f = (m − 1)/(m + 1). −∞ for 0, NaN below.</summary>
    public static double Log(double x)
    {
        if (!(x > 0) || double.IsPositiveInfinity(x))
            return x == 0 ? double.NegativeInfinity : x > 0 ? x : double.NaN;
        var k = Math.ILogB(x);
        var m = Math.ScaleB(x, -k);
        if (m > 1.4142135623730951)
            (m, k) = (m / 2, k + 1);
        var f = (m - 1) / (m + 1);
        return k * Ln2High + (2 * f * Polynomial(OddReciprocals, f * f) + k * Ln2Low);
    }

    /// <summary>ln(1 + x) for −1 ≤ x ≤ 1 without loss of digits near 0: the rounding of 1 + x cancels in the quotient (Kahan).</summary>
    public static double Log1p(double x)
    {
        var u = 1 + x;
        return u == 1 ? x : u == 0 ? double.NegativeInfinity : Log(u) * (x / (u - 1));
    }

    /// <summary>e^x − 1 without loss of digits near 0, likewise.</summary>
    public static double Expm1(double x)
    {
        var u = Exp(x);
        return u == 1 ? x : u - 1 == -1 || double.IsInfinity(u) ? u - 1 : (u - 1) * (x / Log(u));
    }

    /// <summary>ln(1 − e^x) for x ≤ 0, each side of ½ by the form that loses no digits (Mächler 2012).</summary>
    public static double Log1mExp(double x) => x > -0.6931471805599453 ? Log(-Expm1(x)) : Log1p(-Exp(x));

    /// <summary>σ(x) = 1/(1 + e^−x).</summary>
    public static double Sigmoid(double x) => x >= 0 ? 1 / (1 + Exp(-x)) : Exp(x) / (1 + Exp(x));

    /// <summary>ln σ(x), finite where σ(x) is 0.</summary>
    public static double LogSigmoid(double x) => Math.Min(x, 0) - Log1p(Exp(-Math.Abs(x)));

    private static double Polynomial(double[] coefficients, double x)
    {
        var sum = coefficients[^1];
        for (var i = coefficients.Length - 2; i >= 0; i--)
            sum = sum * x + coefficients[i];
        return sum;
    }
}
