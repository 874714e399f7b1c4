using ActorTrain.Models.Layers;

namespace ActorTrain.Models.Tests;

/// <summary>The temperature at which a head's log-probabilities are.</summary>
public sealed class TemperatureTests
{
    [Theory]
    [InlineData(0f)]
    [InlineData(-1f)]
    [InlineData(1e-40f)]
    [InlineData(1001f)]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void One_at_which_no_distribution_is_left_is_refused(float temperature) =>
        Should.Throw<ArgumentOutOfRangeException>(() => new HeadForm { Temperature = temperature }).Message
            .ShouldContain("A temperature must be from 0.001 to 1000");

    [Theory]
    [InlineData(0.001f)]
    [InlineData(0.85f)]
    [InlineData(1000f)]
    public void Others_are_taken(float temperature) => new HeadForm { Temperature = temperature }.Temperature.ShouldBe(temperature);
}
