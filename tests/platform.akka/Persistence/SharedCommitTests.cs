using Akka.Actor;
using Akka.Persistence;
using Akka.TestKit.Xunit2;

namespace ActorTrain.Platform.Tests.Persistence;

/// <summary>Writes that are committed together succeed and fail apart.</summary>
/// <remarks>Only the embedded platform promises it: Akka.Persistence.Sql fails all writes of a batch in which one fails.</remarks>
public sealed class SharedCommitTests : TestKit
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(StoreKind.Sqlite)]
    [InlineData(StoreKind.PostgreSql)]
    public async Task A_number_is_given_once_and_others_do_not_pay_for_who_gives_it_twice(StoreKind kind)
    {
        using var store = new Store(kind);
        var system = ActorSystem.Create("store", store.Config);
        var journal = global::Akka.Persistence.Persistence.Instance.Apply(system).JournalFor(null);
        var writers = 0;
        for (var number = 1; number <= 3; number++)
        {
            Ask(store.Id, number);
            ExpectMsg<WriteMessagesSuccessful>(Patience);
            ExpectMsg<WriteMessageSuccess>(Patience);
        }

        for (var round = 0; round < 50; round++)
        {
            Ask(store.Id, 3);
            Ask($"{store.Id} {round}", 1);
        }

        var (failed, written) = (0, 0);
        for (var answer = 0; answer < 200; answer++)
        {
            switch (ReceiveOne(Patience))
            {
                case WriteMessageFailure failure:
                    failure.Persistent.PersistenceId.ShouldBe(store.Id);
                    failed++;
                    break;
                case WriteMessageSuccess:
                    written++;
                    break;
            }
        }

        (failed, written).ShouldBe((50, 50));
        await system.Terminate();

        void Ask(string id, long number) => journal.Tell(
            new WriteMessages([new AtomicWrite(new Persistent(new Happened("x"), number, id))], TestActor, ++writers), TestActor);
    }
}
