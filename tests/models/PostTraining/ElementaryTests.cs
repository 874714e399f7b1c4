using ActorTrain.Models.PostTraining;

namespace ActorTrain.Models.Tests.PostTraining;

public sealed class ElementaryTests
{
    [Fact]
    public void Exp_and_log_are_those_of_the_library_to_a_few_units_in_the_last_place()
    {
        var random = new Random(5);
        for (var i = 0; i < 20_000; i++)
        {
            var x = (random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-8, 4));
            if (Math.Abs(x) < 700)
                Elementary.Exp(x).ShouldBe(Math.Exp(x), 5e-16 * Math.Exp(x));
            var y = random.NextDouble() * Math.Pow(10, random.Next(-300, 300));
            Elementary.Log(y).ShouldBe(Math.Log(y), 5e-16 * Math.Abs(Math.Log(y)) + 1e-300);
            Elementary.Log(1 + x * x / 1e8).ShouldBe(Math.Log(1 + x * x / 1e8), 5e-16 * Math.Log(1 + x * x / 1e8) + 1e-300);
        }
    }

    [Fact]
    public void Ends_of_the_range_are_exact()
    {
        Elementary.Exp(0).ShouldBe(1);
        Elementary.Exp(double.PositiveInfinity).ShouldBe(double.PositiveInfinity);
        Elementary.Exp(709.78).ShouldBe(Math.Exp(709.78), 1e-12 * Math.Exp(709.78));
        Elementary.Exp(double.NegativeInfinity).ShouldBe(0);
        Elementary.Exp(double.NaN).ShouldBe(double.NaN);
        Elementary.Log(1).ShouldBe(0);
        Elementary.Log(0).ShouldBe(double.NegativeInfinity);
        Elementary.Log(-1).ShouldBe(double.NaN);
        Elementary.Log(double.PositiveInfinity).ShouldBe(double.PositiveInfinity);
        Elementary.Log(double.Epsilon).ShouldBe(Math.Log(double.Epsilon), 1e-12);
    }

    /// <summary>Values by series, whose next terms are below 1e-17 of the sum.</summary>
    [Theory]
    [InlineData(1e-9)]
    [InlineData(-1e-9)]
    [InlineData(3e-7)]
    public void No_digits_are_lost_near_zero(double x)
    {
        Elementary.Log1p(x).ShouldBe(x - x * x / 2 + x * x * x / 3, 1e-15 * Math.Abs(x));
        Elementary.Expm1(x).ShouldBe(x + x * x / 2 + x * x * x / 6, 1e-15 * Math.Abs(x));
    }

    [Theory]
    [InlineData(-1e-12, -27.631021115929048)]
    [InlineData(-0.5, -0.932752129567189)]
    [InlineData(-2, -0.14541345786885906)]
    [InlineData(-40, -4.24835425529159e-18)]
    public void Log_of_one_minus_a_probability_holds_at_both_ends(double logProbability, double expected) =>
        Elementary.Log1mExp(logProbability).ShouldBe(expected, 2e-14 * Math.Abs(expected));

    [Theory]
    [InlineData(-800)]
    [InlineData(-3)]
    [InlineData(0)]
    [InlineData(0.7)]
    [InlineData(800)]
    public void The_logistic_function_saturates_and_its_logarithm_does_not(double x)
    {
        (Elementary.Sigmoid(x) + Elementary.Sigmoid(-x)).ShouldBe(1, 1e-15);
        (Elementary.LogSigmoid(x) - Elementary.LogSigmoid(-x)).ShouldBe(x, 1e-13 * Math.Max(1, Math.Abs(x)));
        Elementary.LogSigmoid(x).ShouldBe(x < -700 ? x : Math.Log(1 / (1 + Math.Exp(-x))), 1e-12 * Math.Max(1, Math.Abs(x)));
    }
}
