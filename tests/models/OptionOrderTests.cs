using ActorTrain.Models.Options;

namespace ActorTrain.Models.Tests;

public sealed class OptionOrderTests
{
    [Fact]
    public void Options_are_listed_as_they_are_declared_whatever_was_asked_before()
    {
        typeof(Derived).GetProperty(nameof(Derived.Third)).ShouldNotBeNull();
        typeof(Derived).GetProperty(nameof(Base.First)).ShouldNotBeNull();
        OptionValidation.Properties(typeof(Derived)).Select(static property => property.Name)
            .ShouldBe(["Second", "Third", "First", "Other"]);
    }

    private abstract record Base
    {
        public int First { get; init; }

        public int Other { get; init; }
    }

    private sealed record Derived : Base, IOptions
    {
        public int Second { get; init; }

        public int Third { get; init; }
    }
}
