using System.Runtime.InteropServices;
using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tests.Training;
using ActorTrain.Actors.Training;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Actors.Tests.PostTraining;

/// <summary>Weights on their way from a trainer to a worker: what is installed is what the trainer had at that step, to the bit.</summary>
public sealed class PublicationTests : IDisposable
{
    private readonly TinyTraining training = new();
    private readonly ReplicaDevice trainer;
    private readonly InstalledWeights worker;

    public PublicationTests()
    {
        trainer = training.MakeDevice();
        trainer.Load(new FreshState(), 0, null).ShouldBeNull();
        Update(step: 0);
        worker = new InstalledWeights(TinyTraining.Replica.Model, new SnapshotWeights(training.Snapshots));
    }

    public void Dispose()
    {
        worker.Dispose();
        trainer.Dispose();
        training.Dispose();
    }

    // ms-swift#10154: frozen weights were merged and separated again in bfloat16 with each publication, and drifted.
    [Fact]
    public void Publishing_and_installing_weights_changes_none_of_the_trainers()
    {
        var (weights, state) = (BitsOf(trainer.Replica.Parameters), trainer.Replica.HashState());
        for (var time = 0; time < 3; time++)
        {
            worker.Install(Publish(slot: time % 2, step: 1 + time), isInUse: false).ShouldBeNull();
            BitsOf(worker.Parameters).ShouldBe(weights);
        }

        BitsOf(trainer.Replica.Parameters).ShouldBe(weights);
        trainer.Replica.HashState().ShouldBe(state);
        trainer.Replica.VerifyWeights();
    }

    // verl#7014: what was to be sent was read as it was sent, and by then it was something else.
    [Fact]
    public void Published_weights_are_those_of_their_step_whatever_the_trainer_does_before_they_are_installed()
    {
        var weights = BitsOf(trainer.Replica.Parameters);
        var published = Publish(slot: 0, step: 1);
        Update(step: 1);
        BitsOf(trainer.Replica.Parameters).ShouldNotBe(weights);
        worker.Install(published, isInUse: false).ShouldBeNull();
        BitsOf(worker.Parameters).ShouldBe(weights);

        // Those of the next step are others, and the hash tells them apart.
        var next = Publish(slot: 1, step: 2);
        next.Hash.ShouldNotBe(published.Hash);
        worker.Install(next with { Hash = published.Hash }, isInUse: false).ShouldNotBeNull();
        worker.Present.ShouldBeNull();
        worker.Install(next, isInUse: false).ShouldBeNull();
        BitsOf(worker.Parameters).ShouldBe(BitsOf(trainer.Replica.Parameters));

        // A slot that was written to again holds no earlier weights.
        Publish(slot: 0, step: 2);
        worker.Install(published, isInUse: false).ShouldNotBeNull();
    }

    private PublishedWeights Publish(int slot, long step) => new(step, slot, trainer.Copy(new CopyState(slot, step, 1)).ShouldNotBeNull().Hash.ShouldNotBeNull());

    private void Update(long step)
    {
        using var gradient = trainer.Replica.Parameters.Weights * 0.5f + 0.01f;
        trainer.Replica.Apply(new GradientSum(gradient, 0), new StepMeasure(step, 0, 1));
    }

    private static uint[] BitsOf(FlatParameters parameters)
    {
        using var weights = parameters.Weights.detach().clone();
        return MemoryMarshal.Cast<byte, uint>(weights.bytes).ToArray();
    }
}
