using ActorTrain.Persistence.Journal;

namespace ActorTrain.Persistence.Tests;

public sealed class ActorIdTests
{
    public static TheoryData<ActorId, string> Names => new()
    {
        { ActorId.Trainer(0), "trainer-0" },
        { ActorId.Trainer(12, 3), "trainer-12-3" },
        { ActorId.Reducer(7), "reducer-7" },
        { new ActorId(ActorRole.Checkpointer), "checkpointer" },
        { new ActorId(ActorRole.Trainers), "trainers" },
        { new ActorId(ActorRole.Snapshots), "snapshots" },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void Its_text_is_the_name_that_people_read_and_names_it_alone(ActorId actor, string name)
    {
        actor.ToString().ShouldBe(name);
        ActorId.TryParse(name, out var parsed).ShouldBeTrue();
        parsed.ShouldBe(actor);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("trainer")]
    [InlineData("Trainer-0")]
    [InlineData("trainer-x")]
    [InlineData("trainer-1-0")]
    [InlineData("trainer-1-2-3")]
    [InlineData("trainer--1")]
    [InlineData("checkpointer-0")]
    [InlineData("7")]
    [InlineData("7-1")]
    public void No_other_text_names_an_actor(string? text) => ActorId.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void A_decision_about_one_that_there_cannot_be_is_refused()
    {
        var altered =
            """{"trainer":"nobody","generation":3,"reason":"It threw.","at":"2026-03-04T05:06:07.89+00:00","step":12}"""u8.ToArray();
        Should.Throw<Models.UserErrorException>(() => RunEventCodec.Read("TrainerLeft/1", altered)).Message.ShouldContain("TrainerLeft/1");
    }
}
