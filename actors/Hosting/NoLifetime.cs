using Microsoft.Extensions.Hosting;

namespace ActorTrain.Actors.Hosting;

/// <summary>Lets the program handle signals and end the process.</summary>
internal sealed class NoLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
