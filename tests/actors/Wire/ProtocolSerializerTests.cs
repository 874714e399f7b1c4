using System.Runtime.CompilerServices;
using System.Runtime.Serialization;
using System.Text;
using ActorTrain.Actors.Hosting;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Wire;
using Akka.Actor;
using Akka.TestKit.Xunit2;

namespace ActorTrain.Actors.Tests.Wire;

public sealed class ProtocolSerializerTests : TestKit
{
    // One line per message: manifest, a blank, and its bytes, which are UTF-8 without a line break.
    private const string Corpus = "corpus-1.txt";

    public ProtocolSerializerTests()
        : base(ActorSettings.All)
    {
    }

    [Fact]
    public void Every_message_of_the_protocol_survives_the_way_to_another_process()
    {
        foreach (var message in Messages.All)
        {
            var serializer = Sys.Serialization.FindSerializerFor(message).ShouldBeOfType<ProtocolSerializer>(message.GetType().Name);
            var (manifest, bytes) = (serializer.Manifest(message), serializer.ToBinary(message));
            var received = Sys.Serialization.Deserialize(bytes, serializer.Identifier, manifest);
            received.ShouldBeOfType(message.GetType());

            // Its bytes say more than its own equality, which takes lists for different.
            Encoding.UTF8.GetString(serializer.ToBinary(received)).ShouldBe(Encoding.UTF8.GetString(bytes));
        }
    }

    [Fact]
    public void Equal_messages_are_equal_where_they_arrive()
    {
        var serializer = new ProtocolSerializer((ExtendedActorSystem)Sys);
        foreach (var message in Messages.All.OfType<BlockComputed>().Cast<object>().Concat(Messages.All.OfType<JudgeStep>())
            .Concat(Messages.All.OfType<ApplyUpdate>().Where(static update => update.Record is null)))
            serializer.FromBinary(serializer.ToBinary(message), serializer.Manifest(message)).ShouldBe(message);
    }

    // Equality would take -0.0 for 0.0.
    [Fact]
    public void Rollouts_arrive_to_the_bit()
    {
        var serializer = new ProtocolSerializer((ExtendedActorSystem)Sys);
        var sent = Messages.All.OfType<RolloutDone>().Single();
        var received = (RolloutDone)serializer.FromBinary(serializer.ToBinary(sent), serializer.Manifest(sent));
        received.ShouldBe(sent);
        received.Rollout.LogProbabilities.Select(BitConverter.SingleToInt32Bits)
            .ShouldBe(sent.Rollout.LogProbabilities.Select(BitConverter.SingleToInt32Bits));
        foreach (var message in Messages.All.Where(static message => message is WorkerCommand or WorkerReport or LedgerCommand or LedgerReport
            or PrepareExperience or RolloutsReport))
            serializer.FromBinary(serializer.ToBinary(message), serializer.Manifest(message)).ShouldBe(message);
    }

    [Fact]
    public void Every_message_of_the_protocol_has_a_form_and_an_example()
    {
        var messages = typeof(IRunInput).Assembly.GetTypes()
            .Where(static type => type is { IsAbstract: false, Namespace: "ActorTrain.Actors.Protocol" } && IsMessage(type)).ToList();
        messages.Count.ShouldBeGreaterThan(50);
        messages.Except(WireForms.Types).ShouldBeEmpty();
        WireForms.Types.Except(Messages.All.Select(static message => message.GetType())).ShouldBeEmpty();

        static bool IsMessage(Type type) =>
            typeof(IRunInput).IsAssignableFrom(type)
            || new[] { typeof(TrainerCommand), typeof(TrainerSupervisorCommand), typeof(ReducerCommand), typeof(CheckpointCommand),
                typeof(MetricsCommand), typeof(WorkerCommand), typeof(WorkerReport), typeof(LedgerCommand), typeof(LedgerReport),
                typeof(NodeReport), typeof(NodeCommand) }
                .Any(type.IsSubclassOf);
    }

    [Fact]
    public void What_earlier_releases_sent_is_read()
    {
        var serializer = new ProtocolSerializer((ExtendedActorSystem)Sys);
        var path = Path.Combine(Here(), Corpus);
        if (Environment.GetEnvironmentVariable("ACTORTRAIN_REWRITE") is not null && !File.Exists(path))
            File.WriteAllLines(path,
                Messages.All.Select(message => $"{serializer.Manifest(message)} {Encoding.UTF8.GetString(serializer.ToBinary(message))}"));
        var rows = File.ReadAllLines(path);
        rows.Length.ShouldBe(Messages.All.Count);
        foreach (var (row, message) in rows.Zip(Messages.All))
        {
            var (manifest, json) =
                (row[..row.IndexOf(' ', StringComparison.Ordinal)], row[(row.IndexOf(' ', StringComparison.Ordinal) + 1)..]);
            var read = serializer.FromBinary(Encoding.UTF8.GetBytes(json), manifest);
            serializer.ToBinary(read).ShouldBe(serializer.ToBinary(message), row);
        }
    }

    [Theory]
    [InlineData("load-state:99", "{}")]
    [InlineData("nothing:1", "{}")]
    [InlineData("load-state:1", "{\"step\":")]
    [InlineData("load-state:1", "{\"step\":1}")]
    [InlineData("compute-lanes:1", "{\"ticket\":null,\"blocks\":[],\"skips\":[{\"first\":-1,\"count\":0,\"reason\":\"\"}]}")]
    public void What_cannot_be_read_is_refused(string manifest, string json) =>
        Should.Throw<SerializationException>(() => new ProtocolSerializer((ExtendedActorSystem)Sys)
            .FromBinary(Encoding.UTF8.GetBytes(json), manifest)).Message.ShouldContain(manifest);

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
